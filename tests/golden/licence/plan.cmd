licence plan --topology=E5649.json --vcpus=5 --mode=threads
licence plan --topology=E5649.json --vcpus=5 --mode=threads --lang=ja
licence plan --topology=EPYC.json --vcpus=40 --mode=threads --json
licence plan --topology=EPYC.json --vcpus=40 --mode=threads --busy=0-7,71 --reserved=16 --max-sockets=1 --json
licence plan --topology=EPYC.json --vcpus=100 --mode=cores
licence plan --topology=E5649.json --vcpus=14 --max-sockets=1 --busy=0
licence plan --topology=E5649.json --vcpus=14 --max-sockets=1 --busy=0 --lang=ja
licence plan --topology=machines/smt-half-off.xml --vcpus=4
licence plan --topology=machines/opteron-6274.xml --vcpus=4
