"""The same as a regular expression."""

from attacking import attack

attack(regex="a{2,1}[")
