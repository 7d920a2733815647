"""LoRAs of a character: from pictures to a dataset, advice, a training, the best of its versions, and files for others.

items -> near-duplicates out, captions -> advice -> training -> the version that draws them best -> packages
"""
