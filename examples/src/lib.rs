//! Small examples of the uncanny libraries.
