import { mesh } from "topojson-client";
import topology from "world-atlas/land-110m.json";

export const lines = mesh(topology, topology.objects.land).coordinates;
