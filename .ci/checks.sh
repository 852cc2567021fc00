# The common part of .ci/run and .ci/check. They source it at the top of the repository, with the
# files $log and $times set.

current=setup
CARGO_DENY=target/tools/bin/cargo-deny

# stage NAME COMMAND [ARG...]: prints and runs the command, keeps its output for the count, and
# notes its time.
stage() {
  current=$1
  shift
  local from=$SECONDS
  printf '\n==> %s: %s\n' "$current" "$*"
  "$@" 2>&1 | tee -a "$log"
  printf '%6d  %s\n' $((SECONDS - from)) "$current" >>"$times"
}

# Fails on broken links in comments, also in those of private items, because nobody else uses the
# crate.
cargo_doc() {
  RUSTDOCFLAGS='-D warnings' cargo doc --locked --no-deps --document-private-items "$@"
}

# Checks licences, duplicates and sources of every crate. CARGO_DENY is the program.
deny() {
  if [ -z "$CARGO_DENY" ]; then
    echo 'cargo-deny is not installed: licences and sources of crates are not checked'
    return 0
  fi
  local manifest
  for manifest in Cargo.toml bench/load/Cargo.toml fuzz/Cargo.toml; do
    echo "+ $manifest"
    # Each crate that deny.toml skips is in one lock file only, so the others do not warn.
    "$CARGO_DENY" --manifest-path "$manifest" --config deny.toml --locked \
      check --deny warnings --allow unmatched-skip bans licenses sources
  done
}

# Runs all checks besides the test suites.
checks() {
  stage rustfmt cargo fmt --check
  stage rustfmt-bench cargo fmt --check --manifest-path bench/load/Cargo.toml
  stage rustfmt-fuzz cargo fmt --check --manifest-path fuzz/Cargo.toml
  stage clippy cargo clippy --locked --all-targets -- -D warnings
  stage clippy-core cargo clippy --locked --all-targets --no-default-features -- -D warnings
  stage clippy-fuzz cargo clippy --locked --all-targets --manifest-path fuzz/Cargo.toml --target-dir target/fuzz -- -D warnings
  stage clippy-bench cargo clippy --release --locked --all-targets --manifest-path bench/load/Cargo.toml --target-dir target/bench-load -- -D warnings
  stage doc cargo_doc
  stage doc-core cargo_doc --no-default-features
  stage deny deny
  stage lint npm run lint
}
