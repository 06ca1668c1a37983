/** Error numbers that only this table meets. Source: kernel include/uapi/asm-generic/errno.h. */
export const ESPIPE = 29;
export const ENODATA = 61;
export const ENOPKG = 65;
export const EBADMSG = 74;
export const ENOTSOCK = 88;
export const ENOPROTOOPT = 92;
export const EAFNOSUPPORT = 97;
