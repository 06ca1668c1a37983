/// <reference path="./sys/sys.d.ts" />
const b = new TextEncoder().encode("hello\n");
sys_write(1, b, 0, b.length);
