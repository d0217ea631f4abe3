"""The digits lab: where in a picture is a point that an argmax would find? Small nets answer."""
