/* AES-128, small and slow: for tests, and for a controller whose own AES is not at hand. */
#ifndef AES_H
#define AES_H

#include <stdint.h>

void aes_encrypt(void *user, const uint8_t key[16], uint8_t block[16]);
void aes_decrypt(void *user, const uint8_t key[16], uint8_t block[16]);

#endif
