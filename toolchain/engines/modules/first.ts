import { trace } from "./trace.ts";
trace("first");
