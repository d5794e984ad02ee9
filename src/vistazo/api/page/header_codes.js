// What the codes of a DICOM header are called: modality (PS3.16 CID 29) and body part (PS3.16 annex L).

import { language } from "./language.js";

const AT = { en: 0, es: 1 };

export const MODALITIES = {
  CR: ["computed radiography", "radiografía computarizada"],
  DX: ["digital radiography", "radiografía digital"],
  IO: ["intra-oral radiography", "radiografía intraoral"],
  OT: ["other", "otra"],
  PX: ["panoramic radiography", "radiografía panorámica"],
  RF: ["fluoroscopy", "fluoroscopia"],
  RG: ["radiography with a screen", "radiografía con pantalla"],
  XA: ["angiography", "angiografía"],
  XC: ["a photograph", "fotografía"],
};

export const PARTS = {
  ABDOMEN: ["abdomen", "abdomen"],
  ABDOMENPELVIS: ["abdomen and pelvis", "abdomen y pelvis"],
  ANKLE: ["ankle", "tobillo"],
  ARM: ["arm", "brazo"],
  BREAST: ["breast", "mama"],
  CALCANEUS: ["heel bone", "calcáneo"],
  CHEST: ["chest", "tórax"],
  CHESTABDOMEN: ["chest and abdomen", "tórax y abdomen"],
  CHESTABDPELVIS: ["chest, abdomen and pelvis", "tórax, abdomen y pelvis"],
  CLAVICLE: ["collarbone", "clavícula"],
  COCCYX: ["coccyx", "cóccix"],
  CSPINE: ["cervical spine", "columna cervical"],
  CTSPINE: ["cervicothoracic spine", "columna cervicotorácica"],
  ELBOW: ["elbow", "codo"],
  EXTREMITY: ["extremity", "extremidad"],
  FACE: ["face", "cara"],
  FEMUR: ["femur", "fémur"],
  FINGER: ["finger", "dedo de la mano"],
  FOOT: ["foot", "pie"],
  HAND: ["hand", "mano"],
  HEAD: ["head", "cabeza"],
  HEADNECK: ["head and neck", "cabeza y cuello"],
  HEART: ["heart", "corazón"],
  HIP: ["hip", "cadera"],
  HUMERUS: ["humerus", "húmero"],
  JAW: ["jaw", "mandíbula"],
  KNEE: ["knee", "rodilla"],
  LEG: ["leg", "pierna"],
  LSPINE: ["lumbar spine", "columna lumbar"],
  LSSPINE: ["lumbosacral spine", "columna lumbosacra"],
  LUNG: ["lung", "pulmón"],
  MAXILLA: ["upper jaw", "maxilar"],
  MEDIASTINUM: ["mediastinum", "mediastino"],
  NECK: ["neck", "cuello"],
  NECKCHEST: ["neck and chest", "cuello y tórax"],
  NOSE: ["nose", "nariz"],
  ORBIT: ["orbit", "órbita"],
  PATELLA: ["kneecap", "rótula"],
  PELVIS: ["pelvis", "pelvis"],
  RIB: ["ribs", "costillas"],
  SCAPULA: ["shoulder blade", "escápula"],
  SHOULDER: ["shoulder", "hombro"],
  SIJOINT: ["sacroiliac joint", "articulación sacroilíaca"],
  SINUS: ["sinuses", "senos paranasales"],
  SKULL: ["skull", "cráneo"],
  SPINE: ["spine", "columna vertebral"],
  SSPINE: ["sacrum", "sacro"],
  STERNUM: ["breastbone", "esternón"],
  THIGH: ["thigh", "muslo"],
  THUMB: ["thumb", "pulgar"],
  TLSPINE: ["thoracolumbar spine", "columna toracolumbar"],
  TMJ: ["temporomandibular joint", "articulación temporomandibular"],
  TOE: ["toe", "dedo del pie"],
  TRACHEA: ["windpipe", "tráquea"],
  TSPINE: ["thoracic spine", "columna torácica"],
  WHOLEBODY: ["whole body", "cuerpo entero"],
  WRIST: ["wrist", "muñeca"],
  ZYGOMA: ["cheekbone", "pómulo"],
};

/** Of a code that is in none of these the code itself. */
export const partText = (code) => PARTS[code]?.[AT[language()]] ?? code;

export function modalityText(code) {
  const name = MODALITIES[code]?.[AT[language()]];
  return name ? `${name} (${code})` : code;
}
