// modules run once, depth first, before the importer
import { trace } from "./modules/trace.ts";
import "./modules/first.ts";
import "./modules/second.ts";
trace("main");
