//! Training of super-resolution networks: data sets, losses, the progressive schedule.
