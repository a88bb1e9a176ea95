/* Linked at compartment 0's image address: something for test_owner.c to find by address.
 * SPDX-License-Identifier: BSD-3-Clause */
int sample_secret[4] = {1, 2, 3, 4}; /* line 3 */

int sample_peek(const int *p);
int sample_peek(const int *p)
{
    static int calls = 1; /* line 8 */
    return *p + calls++;  /* line 9 */
}

void _start(void);
void _start(void)
{
    sample_peek(sample_secret);
    for (;;) {
    }
}
