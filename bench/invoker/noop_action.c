/* The smallest native action: answers every line on stdin with {} on descriptor 3. */
#include <unistd.h>

int main(void) {
  char buffer[1 << 16];
  for (;;) {
    const ssize_t got = read(0, buffer, sizeof buffer);
    if (got <= 0) return 0;
    if (buffer[got - 1] == '\n' && write(3, "{}\n", 3) != 3) return 1;
  }
}
