"""Turns of phrase that both the dialogue and the actions have to know alike."""

from __future__ import annotations

import re

# 不是运费险，是退货宝; 改成退货宝; 是另一单: what is named last is meant, what was said before is taken back.
CORRECTS = re.compile(r"不对|不是|错了|弄错|搞错|改|换|另一|别的")
# A form asks for the agreement to have been read.
HAS_READ = re.compile(r"看过|看完|看了|读过|读完|同意|已阅|已读")
