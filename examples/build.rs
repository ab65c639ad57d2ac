//! Tells this package's binaries and tests where libtorch lies, so that they run with nothing set.
//! The same file stands in every package that links libtorch: cargo passes link arguments on to nobody.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // From torch-sys, a direct dependency for this reason. Not set on Windows, which has no such
    // list of folders in its programs: there `cargo uncanny` puts the folder on PATH.
    let Some(lib) = std::env::var_os("DEP_TCH_LIBTORCH_LIB") else {
        return;
    };
    // Not `-Wl,-rpath,DIR`: that breaks at a comma in DIR.
    for arg in ["-rpath", &lib.to_string_lossy()] {
        println!("cargo::rustc-link-arg=-Xlinker");
        println!("cargo::rustc-link-arg={arg}");
    }
}
