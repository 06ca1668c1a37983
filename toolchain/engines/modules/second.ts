import "./first.ts";
import { trace } from "./trace.ts";
trace("second");
