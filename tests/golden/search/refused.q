colour=red
secret=treasure
home_port.secret=x
home_port>name=kobe
name>maru
status<at_sea
status=sunk
tonnage=many
tonnage=99999999999999999999
draught=deep
insured=perhaps
built>today
built=2024-02-30
name=
name= and tonnage=3
name="open
"open
name=maru and
name=maru or
and name=maru
= maru
name=maru sortby
name=maru sortby colour
name=maru page
name=maru page 0
name=maru page two
sortby name page 1 and
a ! = b
flags>jp
id>3
name=maru and and name=zarco
or name=zarco
