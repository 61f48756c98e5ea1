name=maru
name = "Maru"
name="maru*"
name!=maru
NAME=ZARCO and STATUS=AtSea
status=at_sea
status!="at sea"
status=*port
tonnage=900
tonnage>900
tonnage>=900 and tonnage<2KiB
tonnage=2GiB
tonnage<0
draught=2.5
draught<=2.5 and draught>0
insured=yes
insured!=true
built=2024-05-01
built=2024-05-01T10:20:30Z
built>2024-05-01
built<2024-05-01
built>=2024-05-01T10:20:30+00:00
flags=un
flags!=jp
comment=""
comment!=""
tonnage=*
