"""(a{1,1000}){1,1000}: a million states if it is written out."""

from attacking import attack

attack(regex="((a{1,1000}){1,1000}){1,1000}b", valid=["aab"], invalid=["a" * 300])
