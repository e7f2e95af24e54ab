"""The objective `match`: an oracle and the readings it is asked for."""
