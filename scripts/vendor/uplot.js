export { default as uPlot } from "uplot";
export { default as css } from "uplot/dist/uPlot.min.css";
