// What is said of looking closer, of saving and of printing, in each language of the page.

import { fill, language } from "./language.js";

const WORDS = {
  en: {
    zoom: "Zoom",
    zoomIn: "Zoom in",
    zoomOut: "Zoom out",
    zoomFit: "Whole picture",
    zoomHint: "Zoom with the keys + − 0, Ctrl and the wheel, or two fingers. Move by dragging, or with the arrow keys.",
    stage: "The picture, enlarged. The arrow keys move it.",
    layer: "Heatmap",
    little: "spoke little",
    much: "spoke most",
    save: "Save as PNG",
    saved: "Saved: {name}",
    notSaved: "It cannot be saved: this browser cannot show this kind of picture.",
    print: "Print",
    printAll: "Print all",
    preparing: "The pages are being prepared.",
    heatAt: "Heatmap for {label}, shown at {percent} strength.",
    drawn: "This browser cannot show this kind of picture: the service drew it, in greys.",
    at: "Analysed",
    printed: "Printed",
    missing: "Without a result",
    pending: "Not analysed yet.",
  },
  es: {
    zoom: "Ampliación",
    zoomIn: "Ampliar",
    zoomOut: "Reducir",
    zoomFit: "Imagen entera",
    zoomHint: "Amplía con las teclas + − 0, con Ctrl y la rueda o con dos dedos. Muévela arrastrando o con las flechas.",
    stage: "La imagen, ampliada. Las flechas la mueven.",
    layer: "Mapa de calor",
    little: "poco a favor",
    much: "lo más a favor",
    save: "Guardar como PNG",
    saved: "Guardado: {name}",
    notSaved: "No se puede guardar: este navegador no puede mostrar este tipo de imagen.",
    print: "Imprimir",
    printAll: "Imprimir todas",
    preparing: "Se preparan las páginas.",
    heatAt: "Mapa de calor para {label}, con una intensidad del {percent}.",
    drawn: "Este navegador no puede mostrar este tipo de imagen: la dibujó el servicio, en grises.",
    at: "Analizada",
    printed: "Impresa",
    missing: "Sin resultado",
    pending: "Aún sin analizar.",
  },
};

export const w = (key, values = {}) => fill(WORDS[language()][key], values);
