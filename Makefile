# Thin wrappers over npm scripts; each target sees to what it needs first.
#   make demo              ends once every seeded bug is explained
#   make demo ARGS="--exit --json"  prints the findings document
.DEFAULT_GOAL := help
.PHONY: help install build demo test lint bench corpus clean

help: ## List the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  \1\t/' | expand -t 12

install: ## Bring node_modules in line with package-lock.json
	@scripts/node-modules.sh

build: install ## Compile into dist
	@npm run --silent build

demo: build ## Watch a sample shop with real bugs and explain them
	@scripts/tools.sh demo || echo 'Going on with an emulated Redis, where one is installed.' >&2
	@node dist/cli/main.js demo $(or $(ARGS),--exit)

test: ## Build, types, lint, unit and end-to-end tests
	@scripts/test.sh

lint: install ## Check style
	@npm run --silent lint

bench: build ## Benchmarks side by side, as ratios
	@scripts/tools.sh bench
	@npm run --silent bench -- $(ARGS)

corpus: install ## Score the findings on recorded cases: precision and recall
	@npm run --silent corpus -- $(ARGS)

clean: ## Remove what was built
	@rm -rf dist coverage
