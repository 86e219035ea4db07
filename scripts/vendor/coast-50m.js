import { mesh } from "topojson-client";
import topology from "world-atlas/land-50m.json";

export const lines = mesh(topology, topology.objects.land).coordinates;
