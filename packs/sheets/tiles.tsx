<?xml version="1.0" encoding="UTF-8"?>
<tileset version="1.10" tiledversion="1.10.2" name="tiles" tilewidth="16" tileheight="16" spacing="1" margin="1" tilecount="12" columns="4">
 <tileoffset x="0" y="2"/>
 <image source="tiles.png" width="69" height="52"/>
 <tile id="4" type="wall">
  <properties>
   <property name="weight" type="float" value="1.5"/>
  </properties>
  <objectgroup draworder="index" id="2">
   <object id="1" x="0" y="4" width="16" height="11.5"/>
   <object id="2" x="8" y="0">
    <polygon points="0,0 4,-2.5 4,4"/>
   </object>
  </objectgroup>
 </tile>
 <tile id="8">
  <animation>
   <frame tileid="8" duration="150"/>
   <frame tileid="9" duration="150"/>
   <frame tileid="10" duration="150"/>
   <frame tileid="11" duration="150"/>
  </animation>
 </tile>
</tileset>
