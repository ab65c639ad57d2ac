//! `uncanny eval`, end to end.
