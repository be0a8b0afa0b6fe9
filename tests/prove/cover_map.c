/* cover_map.c - a program that does nothing: it holds the whole library, so that what no test links is counted as well.
 *
 * SPDX-License-Identifier: Apache-2.0 */

int
main(void)
{
	return 0;
}
