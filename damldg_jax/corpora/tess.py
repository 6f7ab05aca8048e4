"""TESS, the Toronto Emotional Speech Set.

M. K. Pichora-Fuller and K. Dupuis, "Toronto emotional speech set (TESS)" (University
of Toronto Dataverse, 2010, doi 10.5683/SP2/E8H2MF). Two women, an older and a younger
one, say "Say the word ..." with each of 200 words of the Northwestern University
Auditory Test No. 6.
"""

from collections.abc import Iterator

from damldg_jax.corpora.declaration import Corpus

_EMOTIONS = {
    "angry": "anger",
    "disgust": "disgust",
    "fear": "fear",
    "happy": "happiness",
    "neutral": "neutral",
    "ps": "surprise",  # pleasant surprise
    "sad": "sadness",
}
_WORDS = """
    back bar base bath bean beg bite boat bone book bought burn cab calm came cause
    chain chair chalk chat check cheek chief choice cool dab date dead death deep dime
    dip ditch dodge dog doll door fail fall far fat fit five food gap gas gaze germ
    get gin goal good goose gun half hall hash hate have haze hire hit hole home hurl
    hush jail jar join judge jug juice keen keep keg kick kill king kite knock late
    laud lean learn lease lid life limb live loaf long lore lose lot love luck make
    match merge mess met mill mob mode mood moon mop mouse nag name near neat nice
    note numb pad page pain pass pearl peg perch phone pick pike pole pool puff rag
    raid rain raise rat reach read red ring ripe road room rose rot rough rush said
    sail search seize sell shack shall shawl sheep shirt should shout size soap soup
    sour south sub such sure take talk tape team tell thin third thought thumb time
    tip tire ton tool tough turn vine voice void vote wag walk wash week wheat when
    which whip white wife wire witch yearn yes young youth
"""


def _names() -> Iterator[str]:
    for speaker in ("OAF", "YAF"):
        for word in _WORDS.split():
            for emotion in _EMOTIONS:
                yield f"{speaker}_{word}_{emotion}"


TESS = Corpus(
    name="tess",
    title="TESS (Toronto Emotional Speech Set)",
    language="English",
    licence="CC BY-NC-ND 4.0",
    layout="OAF_angry/OAF_back_angry.wav (speaker, word, emotion), in any folder",
    pattern=rf"(?P<speaker>OAF?|YAF)_(?P<sentence>[a-z]+)"
    rf"_(?P<emotion>{'|'.join(_EMOTIONS)})",
    emotions=_EMOTIONS,
    sex={"OAF": "female", "YAF": "female"},
    # `OA_bite_neutral.wav` is so named in most copies.
    spellings={"OA": "OAF"},
    folders={
        f"{speaker}_{word}": {"speaker": speaker, "emotion": emotion}
        for speaker in ("OAF", "YAF")
        for word, emotion in {
            **{code: code for code in _EMOTIONS},
            "pleasant_surprise": "ps",
            "pleasant_surprised": "ps",
        }.items()
    },
    published=dict.fromkeys(_EMOTIONS.values(), 400),
    num_speakers=2,
    stem="{speaker}_{sentence}_{emotion}",
    complete=_names,
)
