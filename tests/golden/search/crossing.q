country=japan
country=jap*
country!=japan
home_port=kobe
homeport=Kobe
home_port.name=lisboa
Ports.name=lisboa
home_port.id=00000000-0000-0000-0000-000000000002
home_port.country=portugal
where=portugal
where=kobe
letters=5
letters<4
horsepower>=100
motor.power=90
motor.maker=hitachi and motor.power>0
id=00000000-0000-0000-0000-000000000003
id=*3
entries:code=1152
entries:code=839 or code=1152
entries:description="*1 sailed"
entries:time>1970-01-01T00:00:01Z
entries:sortby code
entries:
