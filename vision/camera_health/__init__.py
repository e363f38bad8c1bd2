"""Whether a camera still sees what it was put up to see: pictures in, what is wrong with the eye out.

`look` measures one picture, `reference` remembers the first seconds, `anchors` knows where fixed things are,
`faults` judges a moment, `watch` waits until a judgement lasts. Must not: know what a shop sells, or keep a picture
on the disk.
"""
