/* For tests in Wine 8 only: Windows 8.1+ has bcryptprimitives.dll, Wine got it in version 9.
 * Programs written in Rust take their random numbers from its ProcessPrng; here they come from Wine's RtlGenRandom. */
#include <windows.h>

#define RtlGenRandom SystemFunction036
BOOLEAN NTAPI RtlGenRandom(PVOID buffer, ULONG length);

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T length)
{
    while (length > 0) {
        ULONG part = length > 0x10000 ? 0x10000 : (ULONG)length;
        if (!RtlGenRandom(data, part))
            return FALSE;
        data += part;
        length -= part;
    }
    return TRUE;
}
