licence count --history=estate.json
licence count --history=estate.json --lang=ja
licence count --history=estate.json --explain
licence count --history=estate.json --explain --lang=ja
licence count --history=estate.json --json
licence count --history=estate.json --json --strict --stopped=ignore --from=2026-03-10T00:00:00Z --to=2026-04-30T00:00:00Z
