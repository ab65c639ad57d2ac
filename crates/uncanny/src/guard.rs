//! Keeps a defect of ours that one texture brings to light from costing the whole run.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Does one texture's work; a panic in it is that texture's failure. Whatever `work` was changing must be thrown
/// away then.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(
            "uncanny itself failed at it (the message above says where); please report that"
                .to_owned(),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_failure() {
        assert_eq!(guarded(|| Ok(1)), Ok(1));
        assert_eq!(
            guarded(|| Err::<(), _>("no".to_owned())),
            Err("no".to_owned())
        );
        let side = std::hint::black_box(u32::MAX);
        let result = guarded(|| Ok(side + std::hint::black_box(1)));
        assert!(result.is_err_and(|why| why.contains("please report")));
    }
}
