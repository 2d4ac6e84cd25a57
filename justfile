set positional-arguments

pin := "--generate-hashes --no-emit-index-url --universal --python-version 3.11 --no-header --no-annotate --quiet"

# list the commands
default:
    @just --list --unsorted

# everything on this machine: ./run up [sim|demo|prod]; keys set and KALSHI_ENV not means prod
[group('run')]
[no-exit-message]
up *args:
    @exec python -m services.cli up "$@"

# a market's live book in the terminal
[group('run')]
[no-exit-message]
watch ticker:
    @exec python -m services.cli watch "$@"

# one service alone, such as book_builder
[group('run')]
[no-exit-message]
service name:
    @exec python -m "services.$1"

# the simulated exchange alone
[group('run')]
[no-exit-message]
sim:
    @exec python -m services.simulator

# the private key that the simulator trusts
[group('run')]
[no-exit-message]
sim-key:
    @exec python -m services.cli key

# all tests that need no container engine: ./run test [--no-browser] [unit|FILE…] [what pytest takes]
[group('test')]
[no-exit-message]
test *args:
    @exec python -m tests.run "$@"

# what it costs: ./run bench [simulator|flow|soak|start] [--quick] [--json FILE]
[group('test')]
[no-exit-message]
bench *args:
    @exec python -m tests.bench "$@"

# the tests of the composed stack: builds the image, starts it, takes it down
[group('test')]
[no-exit-message]
test-compose *args:
    @exec python -m tests.compose "$@"

# format, lint, types, generated files
[group('test')]
[no-exit-message]
check:
    just --fmt --check
    shellcheck run .ci/run
    ruff format --check
    ruff check
    mypy
    python -m proto --check

# put all code into its format
[group('develop')]
format:
    just --fmt
    ruff format
    ruff check --fix

# write the published forms of proto/
[group('develop')]
proto:
    python -m proto

# renew the pinned versions
[group('develop')]
pin:
    uv pip compile pyproject.toml {{ pin }} --upgrade --output-file requirements.txt
    uv pip compile pyproject.toml {{ pin }} --upgrade --group dev --constraints requirements.txt --output-file requirements-dev.txt
