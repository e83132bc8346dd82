"""The commonest short words of languages that share a script: enough to tell them apart in a sentence or two."""

from __future__ import annotations

FUNCTION_WORDS: dict[str, frozenset[str]] = {
    code: frozenset(words.split())
    for code, words in {
        "en": "the of and to in is that it was for on are with as at be this have from or by not but what all were "
        "we when your can there use an each which she do how their if will up other about out many then them "
        "these so some her would make him into has more than its who did you he they my our much had been let "
        "two three four five first half after before left per over plus so am was because no total now",
        "fr": "le la les de des du un une et est que qui dans pour pas sur au aux avec ce cette il elle ils elles "
        "nous vous je on ne se son sa ses leur leurs mais ou où donc par plus comme si tout tous fait être "
        "était sont ont combien chaque alors aussi à qu même très deux trois quatre cinq moitié puis après "
        "avant pendant moins peut reste coûte chacun autre quel quelle",
        "de": "der die das und ist in den von zu mit sich des auf für nicht ein eine einen einem einer als auch es "
        "an er sie ich wir ihr hat dass nach wird bei noch wie um am sind aus wenn aber oder nur so hatte "
        "kann über viele jeder jede jeden pro wieviel mehr dann haben war im zum zur vom zwei drei vier fünf "
        "hälfte danach vor jeweils beträgt insgesamt welche wieder",
        "es": "el la los las de del que en un una unos unas es por con para no se su sus al lo como más pero si "
        "cuando muy ya este esta estos estas cuántos cuántas cuánto cuánta tiene tienen entonces cada le les "
        "ha son está están fue hay también entre sobre todo todos dos tres cuatro cinco mitad luego después "
        "antes durante menos puede cuesta qué cuál hacia él ella ellos era tenía otro otra mismo misma",
        "it": "il lo la gli le di del della dei delle che è in un una uno per con non si su al alla nel nella da "
        "dal come più ma anche se sono ha hanno questo questa quanti quante quanto ogni ci loro suo sua suoi "
        "poi quindi era ai dalla sulla due tre quattro cinque metà dopo prima durante meno può costa quale "
        "altro altra questi",
        "pt": "os as de do da dos das que em um uma uns umas é por com para não se seu sua seus suas ao à no na nos "
        "nas como mais mas ou quando muito já este esta isso quantos quantas quanto cada ele ela eles tem têm "
        "são foi pelo pela então também está dois duas três quatro cinco metade depois antes durante menos "
        "pode custa qual outro outra mesma",
        "nl": "de het een en van in is dat op te zijn voor met die niet aan er ook als maar om hij ze zij ik we wij "
        "je jij bij door nog naar heeft hebben hun dit deze wordt worden over hoeveel elke elk per dan kan "
        "was of uit twee drie vier vijf helft daarna voordat moet kost welke andere",
        "sv": "och att det på är som en ett av för med den de inte till har om var han hon vi jag du sig från så "
        "kan men ska vid eller när hur många varje blir också efter då där deras hans hennes mycket upp nu",
        "pl": "na do nie się to jest że jak po co ale za od przez dla czy tak ile każdy każda każde ma mają są był "
        "była było może tego tym jej jego ich oraz lub więc już tylko gdy jeśli ze we przy też",
        "tr": "ve bir bu da de için ile ne kadar kaç olarak çok daha en gibi her sonra var olan ama ise mi mı değil "
        "ki toplam tane şu ben sen biz eğer böylece olduğu olur yani iki üç",
        "id": "yang dan di ke dari untuk dengan adalah ini itu pada tidak akan dalam dia mereka kita saya berapa "
        "setiap ada jika maka atau oleh sebagai juga telah sudah lebih bisa dapat jadi karena banyak anda "
        "semua kami satu",
        "vi": "và của là có cho không được một các những với trong này đó khi thì người bao nhiêu mỗi đã sẽ để từ "
        "ra vào nếu như cô anh ấy tôi chúng ta vậy số nhiều hơn đến còn lại cũng hoặc bằng",
        "sw": "ya na wa kwa ni la za katika kila cha vya ana ina ili kuwa ngapi kama hii hiyo yake wake zake lakini "
        "au baada kabla ikiwa pia wao yeye mimi sisi alikuwa ambayo ambao mmoja moja mbili tatu kiasi gani "
        "jumla hivyo kisha basi wangapi mingapi zaidi pamoja si kwenye hadi",
        "ru": "и в не на что он я с как это по но они мы она так его за из у же от для то к вы до если бы было был "
        "была все всего сколько каждый каждую каждая их ее её или есть когда при этого том чтобы уже может "
        "значит тогда итак два две три четыре пять затем после сначала больше меньше тоже каждого чем него "
        "который которые во со ещё еще",
        "uk": "і в не на що він я з як це по але вони ми вона так його за із у від для то до та є й якщо було був "
        "була скільки кожен кожна їх її або коли при цього тому щоб вже може тоді отже все всі два дві три "
        "чотири п потім після більше менше кожного ніж який які",
        "bg": "и в не на че той аз с как това по но те ние тя така го за от до да се са е ще има си ако беше колко "
        "всеки всяка им или когато при който която които тогава също вече може като един една",
        "ar": "في من على إلى أن ما هو هي هذا هذه عن مع كان كم كل لا التي الذي ثم إذا لديه لديها بعد قبل أو و لكن قد "
        "كانت تم بين عدد ذلك يكون",
        "fa": "در از به که این را با است برای آن یک تا بر و می های خود ها هر چند اگر شود کرد بود شد دارد چه پس هم "
        "یا آنها نیست باید",
    }.items()
}
"""ISO 639-1 code → lower-case words. Latin letters that stand alone are left out: in mathematics they
are names of numbers. A word may stand in several languages."""
LETTERS: dict[str, str] = {
    "fr": "êèœùëîçâ",
    "de": "ßäöü",
    "es": "ñáíóú",
    "it": "èìòù",
    "pt": "ãõçêáíó",
    "sv": "åäö",
    "pl": "ąćęłńśźż",
    "tr": "ğışçöü",
    "vi": "ạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹđơư",
    "ru": "ыэё",
    "uk": "іїєґ",
    "bg": "ъ",
    "fa": "پچژگ",
    "ar": "ةىؤإأ",
}
"""ISO 639-1 code → letters that few others of its script have."""
