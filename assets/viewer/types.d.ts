// What the viewer's files pass to each other. Read by the type check alone, never by a browser.

type Mode = "grid" | "wipe" | "blink" | "single";
type Side = "active" | "other";
/** Packed RGBA. */
type Word = number;
type Words = Uint32Array<ArrayBuffer>;
type Bytes = Uint8Array<ArrayBuffer>;

interface Point { x: number; y: number }
interface Size { width: number; height: number }
interface Rect { left: number; top: number; right: number; bottom: number }
interface View extends Point { zoom: number }
/** In px. */
interface Scale { maxMagnitude: number; noiseFloor: number; maxError: number }
/** A part of the frame of which every `step`th pixel is shown. */
interface Region extends Point { step: number; columns: number; rows: number; isWhole?: boolean }

// A payload, as flowcore/viz/viewer_payload.py writes it.

interface Span { offset: number; length: number }
interface MapEntry extends Span { title: string; most: number; unit: string }
interface UncertaintyEntry extends Span { step: number; kind: string }
interface LaneEntry {
  title: string;
  flow: Span & { step: number };
  valid: Span | null;
  consistent: Span | null;
  uncertainty: UncertaintyEntry | null;
  maps: MapEntry[];
}
interface Tint<Color = Word> { color: Color; share: number }
interface Hatch<Color = Word> { color: Color; width: number; period: number }
/** Of flowcore/viz/palette.py. */
interface PaletteOf<Color, Colors, Wheel> {
  unknown: Color;
  hidden: Hatch<Color>;
  mark: Tint<Color>;
  occluded: Tint<Color>;
  occludedLines: Hatch<Color>;
  wheel: Wheel;
  offScale: number;
  rim: number;
  heat: Colors;
  better: Color;
  worse: Color;
  even: Color;
  kitti: { px: number; share: number; bounds: number[]; colors: Colors };
  differenceGain: number;
  classes: Colors;
  labelShare: number;
  arrow: Color;
  arrowOutline: Color;
  lanes: string[];
}
type Palette = PaletteOf<Word, Uint32Array, Float64Array>;
/** As text "rrggbb", several after each other. */
type PaletteEntry = PaletteOf<string, string, string>;
type Need = "truth" | "occluded" | "labels" | "flow" | "consistent" | "uncertainty" | "opponent" | "levels";
/** A row of flowcore/viz/layers.py. `photo`: shown as it is. */
interface Layer {
  label: string;
  caption: string;
  needs: Need[];
  legend: "flow" | "error" | "kitti" | "wins" | "map" | null;
  photo: "first" | "second" | null;
}
interface Header extends Size, Scale {
  format: number;
  id: string;
  name: string;
  /** Flows are those of every so many px; the exact ones are in the tiles. */
  thin: number;
  tiles: { url: string; side: number; offsets: number[] } | null;
  palette: PaletteEntry;
  layers: Record<string, Layer>;
  first: Span;
  second: Span;
  truth: LaneEntry | null;
  lanes: LaneEntry[];
  occluded: Span | null;
  labels: Span | null;
  classNames: Record<string, string>;
  marked: { title: string; mask: Span } | null;
  /** The pairs to play, this one first. */
  clip?: ClipEntry[];
  disk?: Disk;
}
/** Something round in one of the frames, or in both, that a person may want elsewhere. */
interface Disk extends Point { radius: number; frame: "first" | "second" }
interface ClipEntry { label: string; url: string }
interface Payload { header: Header; body: Bytes }

// The same, decoded.

interface Photo { bitmap: ImageBitmap; pixels: Uint8ClampedArray | null }
interface Vectors { u: ArrayLike<number>; v: ArrayLike<number>; step: number; valid?: Uint8Array | null }
interface Polar { position: Float32Array; speed: Float32Array }
interface Field extends Vectors { u: Int16Array; v: Int16Array; polar?: Polar }
interface LayerMap extends MapEntry { levels: Uint8Array }
/** How far off a flow may be, in steps of so many px, and who says so. */
interface Uncertainty { plane: Int16Array; step: number; kind: string }
interface Lane {
  title: string;
  field: Field;
  isChecked: boolean;
  consistent: Uint8Array | null;
  uncertainty: Uncertainty | null;
  maps: LayerMap[];
}
interface TileStore extends NonNullable<Header["tiles"]> {
  columns: number;
  rows: number;
  /** Of each tile, as tiles.js numbers them. */
  states: Uint8Array;
  numComing: number;
}
interface Tiled { thin: number; tiles: TileStore | null }
interface Content extends Omit<Header, "palette" | "tiles" | "first" | "second" | "truth" | "lanes" | "occluded" | "labels"> {
  palette: Palette;
  first: Photo;
  second: Photo;
  truth: Lane | null;
  lanes: Lane[];
  occluded: Uint8Array | null;
  labels: Int32Array | null;
  markedMask: Uint8Array | null;
}
interface Model extends Content, Tiled { sources: Source[] }

// What there is to look at.

interface Source {
  key: string;
  title: string;
  layers: string[];
  field?: Field;
  color?: number;
  visible?: Uint8Array | null;
  uncertainty?: Uncertainty | null;
  maps?: LayerMap[];
}
interface FlowSource extends Source { field: Field }
interface Reading extends Point {
  u: number;
  v: number;
  speed: number;
  angle: number;
  epe?: number;
  angularError?: number;
  /** Of a pixel beside it. */
  isNear?: boolean;
}
type ColumnKey = Exclude<keyof Reading, "isNear"> | "target" | "boxEpe";
type Column = [key: ColumnKey, text: string, title: string];
/** What a painter is given: `opponent` and `map` are there for the layers of that kind alone. */
interface Subject {
  model: Model;
  source: FlowSource;
  truth: Field;
  opponent: FlowSource;
  map: LayerMap;
  scale: Scale;
}
type Painter = (out: Uint32Array, subject: Subject, region: Region) => void;
interface Picture { image: CanvasImageSource; region: Region }
interface NamedPicture extends Picture { name: string }
interface Pictures {
  model: Model;
  region: Region;
  whole: Map<string, NamedPicture>;
  details: Map<string, NamedPicture>;
  marks: Picture | null;
  refinedFor?: string;
}

// What a person has chosen, and what shows it.

interface Clip {
  /** Of the payload of its first pair. */
  id: string;
  entries: ClipEntry[];
  fetched: Promise<Bytes>[];
  index: number;
  isPlaying: boolean;
  failure: string;
}

interface Chosen { source: string; layer: string }
interface Shown { source: Source; layer: string }
/** How the panes are set; lives in the address. */
interface Look {
  mode: Mode;
  panes: Chosen[];
  active: number;
  other: number;
}
interface State extends Look {
  wipe: number;
  isBlinking: boolean;
  isMarkShown: boolean;
  view: View;
  cursor: Point | null;
  pin: Point | null;
  box: Rect | null;
  /** The next drag makes a rectangle. */
  isBoxing: boolean;
  /** Where a rectangle began that is not finished, and what was there before. */
  corner: Point | null;
  boxBefore: Rect | null;
  /** Its middle, while it is dragged and until it is there. */
  heldDisk: Point | null;
  scale: Scale;
}
interface Gesture {
  kind: "pan" | "wipe" | "pinch" | "box" | "disk";
  start: Point;
  pixel: Point | null;
  disk: Point | null;
  hasMoved: boolean;
}
interface Pane {
  element: HTMLElement;
  update(indices: number[]): void;
  resize(size: Size, pixelRatio: number): void;
  draw(): void;
}
interface Part { element: HTMLElement; update(): void }
interface Bar { element: HTMLElement; title: HTMLElement; bar: HTMLElement; ticks: HTMLElement }
interface Head { element: HTMLElement; update(index: number): void }
interface Stage extends Part { draw(): void }
interface Readout extends Part { build(): void; announce(): void }
interface Parts { toolbar: Part; clipBar: Part; stage: Stage; legend: Part; readout: Readout }
interface Viewer {
  root: HTMLElement;
  stage: HTMLElement;
  help: HTMLDialogElement;
  paneSize: Size;
  pixelRatio: number;
  /** Of the room for panes, px; 0 until it is known. */
  width: number;
  /** Of the payload that came last. */
  shownId: string | null;
  /** From the first payload that could be decoded until `destroy`; before it there is none of the next three. */
  isShowing: boolean;
  model: Model;
  state: State;
  pictures: Pictures;
  /** Of the lanes, as the page's theme has them; looked up once for each payload or theme. */
  colors: string[];
  colorOf(source: Source): string;
  clip: Clip | null;
  onPick(pixel: Point): void;
  onScale(maxMagnitude: number): void;
  onBox(box: Rect | null): void;
  /** Empty: as the panes are at first. */
  onLook(look: string): void;
  /** Which pair of a clip is shown, told while it rests. */
  onPair(index: number): void;
  /** What the address says of a rectangle. */
  linkedBox: string | null;
  /** What it says of the panes, until all of these are there or a person has set them. */
  linkedLook: string | null;
  /** What `onLook` was told last. */
  toldLook: string;
  /** What `onPair` was told last. */
  toldPair: number | null;
  onDrawn: (() => void) | null;
  redraw(): void;
  refresh(): void;
  update(): void;
  settle(): void;
  announce(): void;
  tellScale(): void;
  tellLook(): void;
  tellPair(): void;
  show(bytes: Bytes): Promise<void>;
  /** Shows a payload whatever the clip is at. */
  present(bytes: Bytes): Promise<void>;
  destroy(): void;
}
