/** The map itself, on OpenLayers: plate carrée, cells as they are, graticule, a box. */
import {
  Circle, DragBox, Feature, Fill, Graticule, ImageCanvas, ImageLayer, MultiLineString, OlMap, Point, Stroke, Style,
  Text, VectorLayer, VectorSource, View, css as mapStyles, defaultControls, defaultInteractions, polygonFromExtent,
} from "../vendor/ol.js";
import { coastlines } from "./coastlines.js";
import { latitude, longitude } from "./format.js";
import { zoomByWheel } from "./gestures.js";

/**
 * @typedef {object} Hands What is done with the map by hand.
 * @property {(lon: number, lat: number) => void} hover @property {() => void} leave
 * @property {(lon: number, lat: number) => void} point
 * @property {(box: [number, number, number, number]) => void} box
 */

const OWN_STYLES = `
  .ol-viewport { touch-action: none; }
  .ol-control { background: none; padding: 0; }
  .ol-control button { align-items: center; background: var(--gw-panel); border: 1px solid var(--gw-edge); border-radius: 4px; color: var(--gw-text); cursor: pointer; display: flex; font: 600 16px/1 var(--gw-font); block-size: 28px; inline-size: 28px; justify-content: center; margin: 0 0 4px; min-block-size: 0; padding: 0; }
  .ol-control button:hover, .ol-control button:focus { background: var(--gw-hover); color: var(--gw-text); }
  .ol-zoom { inset-block-start: 8px; inset-inline-start: 8px; }
  .ol-dragbox { background: rgb(118 181 245 / 0.25); border: 2px solid #0b5cad; box-sizing: border-box; position: absolute; }
`;

const INK = "#0e1116";
const OUTLINE = [
  new Style({ stroke: new Stroke({ color: "#ffffff", width: 4 }), fill: new Fill({ color: "rgb(255 255 255 / 0.12)" }), image: new Circle({ radius: 7, fill: new Fill({ color: "#ffffff" }) }) }),
  new Style({ stroke: new Stroke({ color: INK, width: 1.5, lineDash: [5, 4] }), image: new Circle({ radius: 4.5, fill: new Fill({ color: INK }) }) }),
];

/** Degrees to a pixel under which the finer coastlines are worth their bytes. */
const FINE_RESOLUTION = 0.12;
/** Pixels to either side of a meridian that its label takes. */
const HALF_LABEL = 22;
/** A light edge keeps the coast legible on the dark end of every colour map. */
const COAST = [new Style({ stroke: new Stroke({ color: "rgb(255 255 255 / 0.45)", width: 2 }) }), new Style({ stroke: new Stroke({ color: INK, width: 0.9 }) })];

/** A map in an element of a shadow root. */
export class MapCanvas {
  /** @param {HTMLElement} place @param {ShadowRoot} root @param {Hands} hands */
  constructor(place, root, hands) {
    adopt(root);
    this._marks = new VectorSource();
    this._coast = new VectorSource();
    this._fineCoast = false;
    /** Longitude on which a map of the whole world begins: the box's, if there is one. */
    this._middle = 0;
    this._fields = new ImageLayer();
    /** @type {{canvas: HTMLCanvasElement, lon: number[], lat: number[]} | null} */
    this._field = null;
    this._map = new OlMap({
      target: place,
      controls: defaultControls({ attribution: false, rotate: false }),
      interactions: defaultInteractions({ altShiftDragRotate: false, pinchRotate: false, onFocusOnly: false, mouseWheelZoom: false }),
      layers: [
        this._fields,
        new Graticule({
          strokeStyle: new Stroke({ color: "rgb(14 17 22 / 0.3)", width: 0.7 }), wrapX: true, intervals: [60, 30, 10, 5, 1], targetSize: 50, showLabels: true,
          lonLabelFormatter: (lon) => this._isCut(lon) ? "" : longitude(lon), latLabelFormatter: (lat) => Math.abs(lat) === 90 ? "" : latitude(lat), // half of a pole's would be cut off
          lonLabelStyle: label("bottom"), latLabelStyle: label("end"),
        }),
        new VectorLayer({ source: this._coast, style: COAST }),
        new VectorLayer({ source: this._marks, style: OUTLINE }),
      ],
      view: new View({ projection: "EPSG:4326", center: [0, 0], resolution: 360 / Math.max(place.clientWidth, 1), minResolution: 0.01, maxResolution: 1.2, multiWorld: true, extent: [-540, -95, 540, 95], smoothExtentConstraint: false }),
    });
    this._box = new DragBox({ condition: (event) => this._choosing || event.originalEvent.shiftKey });
    this._choosing = false;
    this._box.on("boxend", () => hands.box(sorted(this._box.getGeometry().getExtent())));
    this._map.addInteraction(this._box);
    this._map.on("pointermove", (event) => (event.dragging ? hands.leave() : hands.hover(...at(event.coordinate))));
    this._map.on("singleclick", (event) => hands.point(...within(event.coordinate)));
    this._map.on("moveend", () => this._drawCoast((this._map.getView().getResolution() ?? 1) < FINE_RESOLUTION));
    place.addEventListener("keydown", (event) => { if (event.key === "Enter" && event.target === place) hands.point(...within(this._map.getView().getCenter() ?? [0, 0])); });
    this._closed = new AbortController();
    zoomByWheel(place, { zoom: (factor, x, y) => this._zoom(factor, x, y), end: () => {} }, this._closed.signal);
    this._watch = new ResizeObserver(() => this._map.updateSize());
    this._watch.observe(place);
  }

  /** Shows a painted field. @param {HTMLCanvasElement} canvas One pixel a cell. @param {number[]} lon @param {number[]} lat Edges of the cells. */
  show(canvas, lon, lat) {
    const first = this._field === null;
    this._field = { canvas, lon, lat };
    if (first && !covers(lon)) this._map.getView().fit([Math.min(lon[0], lon.at(-1) ?? 0), Math.min(lat[0], lat.at(-1) ?? 0), Math.max(lon[0], lon.at(-1) ?? 0), Math.max(lat[0], lat.at(-1) ?? 0)], { padding: [8, 8, 8, 8] });
    else if (first) this._map.getView().setCenter([this._middle, 0]);
    this._fields.setSource(new ImageCanvas({
      projection: "EPSG:4326", ratio: 1,
      canvasFunction: (extent, resolution, ratio, size) => this._draw(/** @type {any} */ (extent), /** @type {any} */ (size)),
    }));
  }

  /** @param {number} factor @param {number} x @param {number} y Place of the window that stays where it is. */
  _zoom(factor, x, y) {
    const anchor = this._map.getEventCoordinate(new MouseEvent("wheel", { clientX: x, clientY: y }));
    this._map.getView().adjustResolution(factor, anchor);
  }

  /** Whether a meridian is so near an edge that its label would lose figures there: 180° would read 0°. @param {number} lon */
  _isCut(lon) {
    const view = this._map.getView();
    const [west, , east] = view.calculateExtent();
    const margin = HALF_LABEL * (view.getResolution() ?? 0);
    return [west, east].some((edge) => Math.abs(((((lon - edge + 180) % 360) + 360) % 360) - 180) < margin);
  }

  /** Draws the coast, the finer one once it is wanted. @param {boolean} fine */
  async _drawCoast(fine) {
    if (this._coast.getFeatures().length && (this._fineCoast || !fine)) return;
    this._fineCoast = fine;
    const lines = await coastlines(fine);
    if (this._fineCoast !== fine) return;
    this._coast.clear();
    this._coast.addFeature(new Feature(new MultiLineString(lines)));
  }

  /** @param {[number, number, number, number]} extent @param {[number, number]} size */
  _draw(extent, size) {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = size.map(Math.round);
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    context.imageSmoothingEnabled = false;
    const field = this._field;
    if (!field) return canvas;
    const x = (/** @type {number} */ lon) => ((lon - extent[0]) / (extent[2] - extent[0])) * canvas.width;
    const y = (/** @type {number} */ lat) => ((extent[3] - clamp(lat)) / (extent[3] - extent[1])) * canvas.height;
    const [west, east] = [field.lon[0], field.lon[field.lon.length - 1]];
    for (let turn = -1080; turn <= 1080; turn += 360) {
      if (Math.max(west, east) + turn < extent[0] || Math.min(west, east) + turn > extent[2]) continue;
      for (let row = 0; row < field.canvas.height; row += 1) {
        const [top, bottom] = [y(field.lat[row]), y(field.lat[row + 1])].sort((a, b) => a - b);
        const [left, right] = [x(west + turn), x(east + turn)];
        context.drawImage(field.canvas, 0, row, field.canvas.width, 1, Math.round(left), Math.round(top), Math.round(right) - Math.round(left), Math.round(bottom) - Math.round(top));
      }
    }
    return canvas;
  }

  /** Outlines a box, or marks a point. @param {[number, number, number, number] | null} box */
  showBox(box) {
    this._marks.clear();
    if (!box) return;
    const [west, south, east, north] = box;
    const right = east < west ? east + 360 : east;
    this._middle = within([(west + right) / 2, 0])[0];
    this._marks.addFeature(new Feature(west === east && south === north ? new Point([west, south]) : polygonFromExtent([west, south, right, north])));
  }

  /** Whether dragging draws a box and does not move the map. @param {boolean} on */
  choose(on) {
    this._choosing = on;
  }

  close() {
    this._closed.abort();
    this._watch.disconnect();
    this._map.setTarget(undefined);
    this._map.dispose();
  }
}

/** @param {"bottom" | "end"} side End of the line at which a label of the graticule is drawn. */
function label(side) {
  const place = side === "bottom" ? { textBaseline: /** @type {const} */ ("bottom"), offsetY: -3 } : { textAlign: /** @type {const} */ ("end"), offsetX: -3 };
  return new Text({ font: "12px system-ui, sans-serif", fill: new Fill({ color: INK }), stroke: new Stroke({ color: "rgb(255 255 255 / 0.75)", width: 3 }), ...place });
}

/** @param {ShadowRoot} root */
function adopt(root) {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(mapStyles + OWN_STYLES);
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
}

/** @param {number[]} edges_ Whether they go round the world. */
function covers(edges_) {
  return Math.abs((edges_.at(-1) ?? 0) - edges_[0]) > 359;
}

/** @param {number} lat */
function clamp(lat) {
  return Math.max(-90, Math.min(90, lat));
}

/** @param {number[]} coordinate @returns {[number, number]} */
function at(coordinate) {
  return [coordinate[0], coordinate[1]];
}

/** @param {number[]} coordinate @returns {[number, number]} */
function within(coordinate) {
  return [((((coordinate[0] + 180) % 360) + 360) % 360) - 180, clamp(coordinate[1])];
}

/** @param {number[]} extent West may be any turn of the world; it comes back within -180 to 180. @returns {[number, number, number, number]} */
function sorted([west, south, east, north]) {
  const [start] = within([west, 0]);
  return [start, clamp(south), Math.min(start + (east - west), start + 360), clamp(north)];
}
