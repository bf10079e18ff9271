"""The word lists of the demo sources: invented people, real towns, plain and hard words."""

from __future__ import annotations

from typing import NamedTuple


class Verb(NamedTuple):
    """The forms of one verb."""

    base: str
    third: str
    past: str
    participle: str
    gerund: str


def plural(noun: str) -> str:
    """Give the regular plural of a noun.

    >>> plural("diary"), plural("torch"), plural("lamp")
    ('diaries', 'torches', 'lamps')
    """
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("s", "x", "ch", "sh")) else "s")


def inflect(entry: str) -> Verb:
    """Inflect `base` (regular) or `base/past/participle` (irregular).

    >>> inflect("copy").past, inflect("write/wrote/written").participle, inflect("write").gerund
    ('copied', 'written', 'writing')
    """
    base, *irregular = entry.split("/")
    past = base + "d" if base.endswith("e") else base + "ed"
    if base.endswith("y") and base[-2] not in "aeiou":
        past = base[:-1] + "ied"
    past, participle = irregular if irregular else (past, past)
    gerund = (base[:-1] if base.endswith("e") else base) + "ing"
    return Verb(base, plural(base), past, participle, gerund)


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.replace("_", " ") for word in text.split())


def _pairs(text: str) -> dict[str, str]:
    return {left: right for left, _, right in (entry.partition(":") for entry in _words(text))}


FIRST_NAMES = _words(
    "Amara Bruno Celia Dario Edith Farid Greta Hamid Irene Jonas Katya Lorenz Miriam Nadia Oskar "
    "Petra Quentin Rosa Samuel Tamsin Ulrich Vera Walter Ximena Yusuf Zelda Anselm Bettina Cyril "
    "Dalia Emil Flora Gideon Hester Ivo Judith Konrad Leonie Magnus Noor Ottilie Pascal Runa "
    "Stefan Thea Umberto Viola Wanda Yara Zacharias Zoë Anouk Bashir Corin Delphine Elio Fenna"
)
SURNAMES = _words(
    "Abara Bergquist Castellan Dunmore Eskola Fairweather Galanis Hartwell Ibarra Jansky Kowalik "
    "Lindqvist Marchetti Novotny Okafor Pemberton Quillon Rasmussen Sandoval Tillman Underhill "
    "Vasquez Whitlock Yarrow Zieliński Ashdown Brightwell Corrigan Delacroix Elmsworth Fontaine "
    "Grimaldi Holloway Ishikawa Jorgensen Kettering Lombardi Mwangi Nakamura Osborne Pettigrew "
    "Ravenscroft Silvestri Thorne Uchida Vandermeer Winterbourne Yilmaz Zammit Adeyemi Bellweather "
    "Cavendish Drummond Everett Falconer Garrick Hollins Inverness Kingsley Larkspur"
)
TOWNS = _words(
    "Lisbon Bergen Kraków Porto Ghent Tallinn Verona Seville Bruges Aarhus Gdańsk Leipzig Lucerne "
    "Málaga Nantes Odessa Palermo Riga Salzburg Turku Utrecht Valencia Vilnius York Zagreb Athens "
    "Bologna Cardiff Dublin Exeter Florence Geneva Hamburg Innsbruck Kyoto Lyon Montreal Nairobi "
    "Oslo Prague Quito Rotterdam Santiago Toronto Uppsala Vienna Warsaw Boston Chicago Denver"
)
MONTHS = _words("January February March April June July August September October November December")
DAYS = _words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
JOBS = _words(
    "teacher baker carpenter doctor farmer gardener journalist lawyer librarian mechanic nurse "
    "painter pilot plumber sailor scientist singer student tailor translator waiter writer banker "
    "builder chemist clerk cook dancer dentist driver fisherwoman guide judge manager musician "
    "photographer porter potter printer reporter shopkeeper surgeon surveyor watchmaker weaver"
)
THINGS = _words(
    "letter map book lamp bridge basket blanket bottle button camera candle carpet chair clock "
    "coat compass contract cupboard curtain desk diary dictionary door drawing drum garden gate "
    "guitar hammer helmet jacket jar kettle key ladder leaflet lock machine magazine medal mirror "
    "necklace newspaper notebook package paddle painting parcel passport pencil photograph piano "
    "picture pillow plate pocket poem postcard poster programme puzzle recipe ribbon ring "
    "saddle sculpture ship shirt spoon stamp statue story suitcase table telescope "
    "tent ticket timetable torch tower toy trumpet tunnel violin wagon wallet window"
)
# Each plain adjective with a synonym; both begin with a consonant, so that `a` suits either.
ADJECTIVES = _pairs(
    "big:large small:little fast:quick pretty:beautiful difficult:hard simple:plain useful:helpful "
    "famous:well-known careful:cautious broken:damaged costly:pricey tiny:miniature wide:broad "
    "rich:wealthy sturdy:solid new:recent correct:right main:chief final:last private:personal "
    "shiny:bright rare:scarce secret:hidden lost:missing gentle:mild peculiar:strange vast:huge "
    "modern:contemporary complete:full short:brief detailed:thorough popular:well-liked "
    "cheap:low-priced former:previous local:regional joint:shared daily:day-to-day"
)
VOWEL_ADJECTIVES = _words(
    "old expensive elegant empty enormous interesting open original ordinary unusual urgent "
    "attractive essential ugly impressive"
)
ADVERBS = _pairs(
    "often:frequently usually:normally rarely:seldom always:constantly sometimes:occasionally "
    "quietly:silently quickly:swiftly carefully:cautiously gladly:happily slowly:gradually"
)
VERBS = tuple(
    map(
        inflect,
        _words(
            "repair inspect collect describe examine explain prepare compare deliver restore "
            "measure decorate donate recommend replace borrow admire clean "
            "move carry paint finish destroy follow improve ignore mention order protect "
            "polish display guard unpack remember enjoy imagine "
            "build/built/built send/sent/sent "
            "bring/brought/brought find/found/found choose/chose/chosen draw/drew/drawn "
            "keep/kept/kept make/made/made sell/sold/sold buy/bought/bought take/took/taken"
        ),
    )
)
QUANTITIES = _pairs(
    "several:a_number_of many:numerous two:a_pair_of three:exactly_three a_few:some four:all_four "
    "seven:fully_seven ten:as_many_as_ten"
)
LINKS = _pairs("because:since but:yet although:though while:whereas")
HABITS = _words("every_week every_morning each_summer every_Friday once_a_month all_year_round")
PAST_TIMES = _words(
    "yesterday last_week last_month last_winter two_years_ago three_days_ago in_1998 in_2007 "
    "in_1964 a_long_time_ago the_other_day that_evening"
)
HOURS = _words("noon midnight nine_o'clock half_past_four seven_o'clock a_quarter_to_ten")
PLACES = _words(
    "harbour market museum station library bakery hospital school theatre castle factory airport "
    "lighthouse town_hall post_office"
)

# Hard words and their plain counterparts, by part of speech.
HARD_VERBS = _pairs(
    "constructed:built acquired:got demonstrated:showed purchased:bought established:set_up "
    "terminated:ended relocated:moved assisted:helped permitted:let obtained:got "
    "discovered:found composed:wrote possessed:had altered:changed inaugurated:opened "
    "demolished:tore_down renovated:repaired selected:chose financed:paid_for "
    "administered:ran manufactured:made bequeathed:left"
)
HARD_ADJECTIVES = _pairs(
    "substantial:large primary:main contemporary:modern renowned:well-known "
    "considerable:big rudimentary:simple lucrative:profitable prestigious:respected "
    "dilapidated:ruined magnificent:grand subterranean:hidden maritime:sea"
)
HARD_NOUNS = _pairs(
    "residence:house vessel:ship settlement:village metropolis:city manuscript:book "
    "monument:landmark fortification:fort thoroughfare:road monastery:church "
    "sepulchre:grave conservatory:school dwelling:home manufactory:factory promenade:street"
)
HARD_LINKS = _pairs(
    "prior_to:before subsequent_to:after with_the_assistance_of:with in_close_proximity_to:near "
    "on_behalf_of:for in_the_vicinity_of:near in_conjunction_with:with"
)
# What a claim says with a slant, and the neutral way; an empty right side is a word to drop.
SLANTED_ADJECTIVES = _words(
    "brilliant shameful legendary notorious so-called wonderful terrible visionary ridiculous "
    "heroic disgraceful beloved pathetic superb mediocre prestigious dreadful breathtaking"
)
SLANTED_ADVERBS = _words(
    "famously shamelessly brilliantly sadly heroically obviously foolishly rightly "
    "thankfully tragically notably cleverly"
)
SLANTED_VERBS = _pairs(
    "claimed:said admitted:said boasted:said insisted:said conceded:said revealed:said "
    "complained:said alleged:said proclaimed:said"
)
# Wordy phrases and the concise way.
WORDY_LINKS = _pairs(
    "in_order_to:to so_as_to:to for_the_purpose_of_being_able_to:to with_the_aim_to:to"
)
WORDY_REASONS = _pairs(
    "due_to_the_fact_that:because owing_to_the_fact_that:because "
    "in_view_of_the_fact_that:because for_the_simple_reason_that:because"
)
WORDY_QUANTITIES = _pairs(
    "a_large_number_of:many a_small_number_of:few the_vast_majority_of:most a_wide_range_of:many"
)
WORDY_ABILITIES = _pairs("has_the_ability_to:can is_in_a_position_to:can is_able_to:can")
FILLERS = _words("basically really actually essentially very_clearly quite_simply in_effect")
# A cue in the clause decides which connective a cohesive text opens with.
CUES = _pairs(
    "also:Moreover_, still:However_, therefore:As_a_result_, finally:In_the_end_, "
    "instead:By_contrast_, similarly:Likewise_,"
)
METHODS = _words(
    "method model framework procedure benchmark survey classifier parser heuristic theory "
    "protocol simulation decoder data_set baseline metric corpus toolkit schedule proof"
)
FIELDS = _words(
    "translation forecasting segmentation retrieval tagging planning clustering compression "
    "navigation ranking routing scheduling detection alignment sampling summarisation"
)
