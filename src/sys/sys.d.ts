type i32 = number;
type u32 = number;
type u8 = number;
type f64 = number;
type bool = boolean;
declare function sys_write(fd: i32, data: Uint8Array, offset: u32, length: u32): i32;
