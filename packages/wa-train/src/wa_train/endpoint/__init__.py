"""Prediction by a server that speaks OpenAI's protocol; needs the extra `endpoint`.

`settings` checks what is asked, `reply` reads an answer, `failures` says what an error means,
`asking` asks for one row and asks again, `predictor` asks for many at once.
"""
