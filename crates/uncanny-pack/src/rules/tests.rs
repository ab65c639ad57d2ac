//! The rules on whole packs: small ones made here, and the real ones where they are at hand.
