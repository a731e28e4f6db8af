// What is said of people, in words: the codes of docs/attributes.md.

import { wordsOf } from '.';

const en = {
  names: {
    garment: 'Clothing',
    style: 'Style',
    primary_color: 'Colour',
    secondary_color: 'Second colour',
    head_accessory: 'On the head',
    bag: 'Bag',
    age_range: 'Age',
  },
  values: {
    jacket: 'jacket',
    sweatshirt: 'sweatshirt',
    long_sleeve: 'long sleeves',
    t_shirt: 'T-shirt',
    formal: 'formal',
    sporty: 'sporty',
    casual: 'casual',
    black: 'black',
    white: 'white',
    grey: 'grey',
    red: 'red',
    orange: 'orange',
    yellow: 'yellow',
    green: 'green',
    blue: 'blue',
    purple: 'purple',
    pink: 'pink',
    brown: 'brown',
    beige: 'beige',
    hat: 'hat',
    cap: 'cap',
    glasses: 'glasses',
    backpack: 'backpack',
    handbag: 'handbag',
    suitcase: 'suitcase',
    none: 'nothing',
  },
  ages: (range: string): string => `${range} years`,
};

type AttributeWords = typeof en;

const es: AttributeWords = {
  names: {
    garment: 'Ropa',
    style: 'Estilo',
    primary_color: 'Color',
    secondary_color: 'Segundo color',
    head_accessory: 'En la cabeza',
    bag: 'Bolso',
    age_range: 'Edad',
  },
  values: {
    jacket: 'chaqueta',
    sweatshirt: 'sudadera',
    long_sleeve: 'manga larga',
    t_shirt: 'camiseta',
    formal: 'formal',
    sporty: 'deportivo',
    casual: 'casual',
    black: 'negro',
    white: 'blanco',
    grey: 'gris',
    red: 'rojo',
    orange: 'naranja',
    yellow: 'amarillo',
    green: 'verde',
    blue: 'azul',
    purple: 'morado',
    pink: 'rosa',
    brown: 'marrón',
    beige: 'beige',
    hat: 'sombrero',
    cap: 'gorra',
    glasses: 'gafas',
    backpack: 'mochila',
    handbag: 'bolso',
    suitcase: 'maleta',
    none: 'nada',
  },
  ages: (range) => `${range} años`,
};

export const attributeWords = wordsOf({ en, es });

/** A value in the reader's language; ages and what a later server says are shown as they come. */
export function attributeValue(code: string): string {
  const { values, ages } = attributeWords.value;
  if (/^\d/.test(code)) return ages(code.replace('-', '–'));
  return (values as Record<string, string>)[code] ?? code;
}
