//! The words of attributes that are not colours or ages, and what they are called in pictures.

/// What a person wears on the upper body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Garment {
    Jacket,
    Sweatshirt,
    LongSleeve,
    TShirt,
}

impl Garment {
    /// Its code.
    pub fn name(self) -> &'static str {
        match self {
            Self::Jacket => "jacket",
            Self::Sweatshirt => "sweatshirt",
            Self::LongSleeve => "long_sleeve",
            Self::TShirt => "t_shirt",
        }
    }
}

/// How a person is dressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Formal,
    Sporty,
    Casual,
}

impl Style {
    /// Its code.
    pub fn name(self) -> &'static str {
        match self {
            Self::Formal => "formal",
            Self::Sporty => "sporty",
            Self::Casual => "casual",
        }
    }
}

/// What a person wears on the head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeadAccessory {
    Hat,
    Cap,
    Glasses,
    /// Seen to have none.
    None,
}

impl HeadAccessory {
    /// Its code.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hat => "hat",
            Self::Cap => "cap",
            Self::Glasses => "glasses",
            Self::None => NONE,
        }
    }
}

/// What a person carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bag {
    Backpack,
    Handbag,
    Suitcase,
}

impl Bag {
    /// Its code, which is also the detector's label.
    pub fn name(self) -> &'static str {
        match self {
            Self::Backpack => "backpack",
            Self::Handbag => "handbag",
            Self::Suitcase => "suitcase",
        }
    }
}

/// Code of what was seen to be absent.
pub const NONE: &str = "none";

/// A language that labels in pictures can have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Language {
    #[default]
    English,
    Spanish,
}

impl Language {
    /// By its ISO 639-1 code.
    pub fn of(code: &str) -> Option<Self> {
        match code {
            "en" => Some(Self::English),
            "es" => Some(Self::Spanish),
            _ => None,
        }
    }

    /// What a code or a detector's label is called; the code itself when it is no word of ours.
    pub fn word(self, code: &str) -> &str {
        let entry = WORDS.iter().find(|entry| entry.0 == code);
        match (entry, self) {
            (Some((_, english, _)), Self::English) => english,
            (Some((_, _, spanish)), Self::Spanish) => spanish,
            (None, _) => code,
        }
    }

    /// The code that a word of this language stands for; the first of them when there are several.
    pub fn code(self, word: &str) -> Option<&'static str> {
        let is_it = |entry: &&(&str, &str, &str)| match self {
            Self::English => entry.1 == word,
            Self::Spanish => entry.2 == word,
        };
        WORDS.iter().find(is_it).map(|entry| entry.0)
    }
}

/// Code, English and Spanish. The Spanish words are those of the original design.
const WORDS: [(&str, &str, &str); 27] = [
    ("person", "person", "persona"),
    ("face", "face", "rostro"),
    ("jacket", "jacket", "chaqueta"),
    ("sweatshirt", "sweatshirt", "sudadera"),
    ("long_sleeve", "long sleeves", "camiseta manga larga"),
    ("t_shirt", "T-shirt", "camiseta"),
    ("garment", "clothes", "prenda"),
    ("hat", "hat", "sombrero"),
    ("cap", "cap", "gorra"),
    ("glasses", "glasses", "gafas"),
    ("backpack", "backpack", "mochila"),
    ("handbag", "handbag", "bolso"),
    ("suitcase", "suitcase", "maleta"),
    ("none", "none", "ninguno"),
    ("black", "black", "negro"),
    ("white", "white", "blanco"),
    ("grey", "grey", "gris"),
    ("red", "red", "rojo"),
    ("orange", "orange", "naranja"),
    ("yellow", "yellow", "amarillo"),
    ("green", "green", "verde"),
    ("blue", "blue", "azul"),
    ("purple", "purple", "morado"),
    ("pink", "pink", "rosa"),
    ("brown", "brown", "marrón"),
    ("beige", "beige", "beige"),
    ("bag", "bag", "bolsa"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_word_in_both_languages() {
        let garments = [Garment::Jacket, Garment::Sweatshirt, Garment::LongSleeve, Garment::TShirt];
        let accessories =
            [HeadAccessory::Hat, HeadAccessory::Cap, HeadAccessory::Glasses, HeadAccessory::None];
        let bags = [Bag::Backpack, Bag::Handbag, Bag::Suitcase];
        let codes = garments.map(Garment::name).into_iter();
        let codes = codes.chain(accessories.map(HeadAccessory::name)).chain(bags.map(Bag::name));
        for code in codes.chain(super::super::Colour::ALL.map(super::super::Colour::name)) {
            assert!(WORDS.iter().any(|entry| entry.0 == code), "{code}");
        }
        assert_eq!(Language::of("es").map(|spanish| spanish.word("t_shirt")), Some("camiseta"));
        assert_eq!(Language::English.word("umbrella"), "umbrella");
        assert_eq!(Language::of("de"), None);
    }
}
