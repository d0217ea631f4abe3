"""Attacks: small changes of the frames that make a flow as wrong as can be; and defences."""
