import matplotlib
import numpy
import pandas

print(f"Hello, {matplotlib.__name__}, {numpy.__name__} and {pandas.__name__}!")
