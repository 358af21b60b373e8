"""The texts that histories are written in: JSON lines, EDN, and the two logs of Porcupine."""
