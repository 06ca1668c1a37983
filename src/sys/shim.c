#include <errno.h>
#include <stdint.h>
#include <unistd.h>
int32_t sys_write(int32_t fd, const uint8_t *data, size_t size, uint32_t offset, uint32_t length)
{
	const ssize_t n = offset > size || length > size - offset ? (errno = EINVAL, -1) : write(fd, data + offset, length);
	return n < 0 ? -errno : (int32_t)n;
}
