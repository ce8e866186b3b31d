# The parts of the gate, one by one: `just test`, `just lint`, …

_:
    @just --list

# everything, as CI runs it
ci:
    .ci/run

# all tests, with the real API server, Erlang and Elixir
test:
    QUORATE_REQUIRE=apiserver,beam,elixir cargo test --workspace

# format, lints and documentation
lint:
    .ci/run format clippy docs

# proof that the core needs no std
no-std:
    .ci/run no-std

# each fuzz target for so many seconds
fuzz seconds="10":
    fuzz/run {{seconds}}

# so many hours of simulated clusters
simulate hours="100":
    QUORATE_SIMULATE_HOURS={{hours}} cargo test --profile model -p quorate-tests --test simulation -- --nocapture many_hours

# side by side with kubectl
bench:
    .ci/run bench
