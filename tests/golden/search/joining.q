name=zarco or name=maru and tonnage=1
name=maru and tonnage=2048 or name=zarco
name=zarco name=maru
status=at_sea or status=laid_up and tonnage<0
name=a and name=b or name=c and name=d or name=Zarco
maru
"maru two"
fast
small sea
hita
treasure
%
*
"and"
name="and"
name=maru page 2
sortby tonnage
sortby tonnage desc
status=at_sea sortby name desc page 1
sortby country
sortby status desc
sortby built asc
sortby letters desc
comment="says \"olá\""
comment="50% C:\\x"

cs:name=Maru
cs:name=maru
cs:maru
name=ångström
name=maru* sortby id desc
