licence
licence explode
licence plan
licence plan --topology=E5649.json
licence plan --topology=E5649.json --vcpus=0
licence plan --topology=E5649.json --vcpus=4 --mode=sideways
licence plan --topology=E5649.json --vcpus=4 --mode=sideways --lang=ja
licence plan --topology=E5649.json --vcpus=4 --busy=0-99999
licence plan --topology=E5649.json --vcpus=4 --busy=99
licence plan --topology=nowhere.json --vcpus=4
licence plan --topology=vectors --vcpus=4
licence plan --topology=E5649.json --vcpus=4 --history=T-07.json
licence plan --topology=E5649.json --vcpus=4 stray
licence count
licence count --history=T-07.json --from=2026-02-01T00:00:00Z --to=2026-01-01T00:00:00Z
licence count --history=T-07.json --from=monday
licence count --history=T-07.json --stopped=maybe
licence count --history=E5649.json
licence count --history=E5649.json --lang=ja
licence verify
licence verify vectors
licence tables
licence tables prices
--lang=fr licence plan
